# SPDX-License-Identifier: Apache-2.0
"""A replication policy and a topic filter out of a shared object, which is built outside the worker's
tree with nothing but the public headers."""

import pathlib
import subprocess

import records
from processes import BUILD
from workers import PATIENCE, mirror_config

TOP = pathlib.Path(__file__).resolve().parents[2]
POLICY = TOP / "tests" / "support" / "plugins" / "suffix_policy.c"


def test_a_policy_and_a_filter_of_ones_own(source, target, make_worker, unique, tmp_path):
    headers = TOP / "include"
    build = ["cc", "-shared", "-fPIC", f"-I{headers}", POLICY, "-o", tmp_path / "policy.so"]
    subprocess.run(build, check=True, cwd=BUILD)
    prefix, alias = unique("paid"), unique("src")
    for name in ("orders", "bills"):
        source.create_topic(f"{prefix}-{name}", 1)
        records.produce(source, f"{prefix}-{name}", 50)
    worker = make_worker.distributed(make_worker.settings(**{"plugin.path": str(tmp_path)}))
    more = {
        "replication.policy.class": "org.example.SuffixReplicationPolicy",
        "topic.filter.class": "org.example.PrefixTopicFilter",
        "example.topics.prefix": f"{prefix}-o",
    }
    worker.rest.put_connector("mirror", mirror_config("Source", source, target, alias, **more))
    topic = f"{prefix}-orders"
    records.assert_mirrored(source, topic, target, f"{topic}_at_{alias}", 60 * PATIENCE)
    assert f"{prefix}-bills_at_{alias}" not in target.topics()
