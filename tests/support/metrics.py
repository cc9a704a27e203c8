# SPDX-License-Identifier: Apache-2.0
"""What a worker serves at /metrics, read by Prometheus's own parsers and checked for what Prometheus
refuses: samples without a family, families in two pieces, the same sample twice."""

from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client import parser

from processes import wait_for

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def spelled(name, text):
    """The name as it stands in the text: the old format's parser adds _total to all counters."""
    stands = name + "{" in text or name + " " in text.replace("# HELP ", "").replace("# TYPE ", "")
    return name if stands else name.removesuffix("_total")


class Metrics:
    """The samples of one scrape."""

    def __init__(self, families, text):
        spellings = {}
        self.families = {}
        self._samples = {}
        for family in families:
            assert family.name not in self.families, f"{family.name} comes in two pieces"
            assert family.documentation, f"{family.name} has no HELP"
            self.families[family.name] = family.type
            for sample in family.samples:
                if sample.name not in spellings:
                    spellings[sample.name] = spelled(sample.name, text)
                key = spellings[sample.name], frozenset(sample.labels.items())
                assert key not in self._samples, f"{key} is there twice"
                self._samples[key] = sample.value

    def all(self, name, **labels):
        """[(labels, value)] of a metric's samples that have these labels at least."""
        wanted = labels.items()
        return [
            (dict(have), value)
            for (metric, have), value in self._samples.items()
            if metric == name and wanted <= set(have)
        ]

    def value(self, name, **labels):
        """The one sample with these labels; None if there is none."""
        found = self.all(name, **labels)
        assert len(found) <= 1, f"{name}{labels}: {found}"
        return found[0][1] if found else None

    def sum(self, name, **labels):
        return sum(value for _, value in self.all(name, **labels))

    def __iter__(self):
        return iter(self._samples.items())

    def __len__(self):
        return len(self._samples)


def scrape(rest, openmetrics=False, **options):
    """One scrape, in Prometheus's old format or in OpenMetrics."""
    headers = {"Accept": OPENMETRICS} if openmetrics else {}
    response = rest.call("GET", "/metrics", headers=headers, **options)
    assert response.status_code == 200, response.text
    kind = response.headers["Content-Type"]
    if openmetrics:
        assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        families = openmetrics_parser.text_string_to_metric_families(response.text)
        return Metrics(families, response.text)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(parser.text_string_to_metric_families(response.text), response.text)


def wait_metrics(rest, condition, timeout, what):
    """Scrapes until condition(metrics) is true, and returns that scrape."""

    def attempt():
        metrics = scrape(rest)
        return metrics if condition(metrics) else None

    return wait_for(attempt, timeout, what, interval=0.2)
