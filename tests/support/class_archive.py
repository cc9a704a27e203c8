# SPDX-License-Identifier: Apache-2.0
"""Makes an archive of Kafka's classes, which spares each JVM of a run a third of its start.

Java maps the archive instead of reading and verifying thousands of classes (Class Data Sharing). It
goes on without one that doesn't fit its jars, so an archive changes nothing but the time. Which
classes are in it a broker and a worker tell, which are started for that alone. Called by
run_checks.py; java.py uses what is there.
"""

import pathlib
import tempfile

import java
import workers
from kafka_cluster import Cluster
from processes import run


def told_by(path):
    return f"-XX:DumpLoadedClassList={path}"


def load_classes(broker_list, worker_list):
    """A broker and a worker with a connector, each of which tells what it loads."""
    with Cluster("archived", options=[told_by(broker_list)]) as cluster:
        settings = workers.distributed_settings(cluster, "archived")
        options = {"JDK_JAVA_OPTIONS": told_by(worker_list)}
        worker = workers.distributed("java", "archived", settings, environment=options).start()
        config = workers.mirror_config("Heartbeat", cluster, cluster)
        worker.rest.put_connector("heartbeat", config)
        worker.rest.wait_running("heartbeat")
        worker.stop()
        cluster.brokers[0].stop()


def main():
    archive = java.class_archive(java.DEFAULT_VERSION)
    if archive.exists():
        return
    with tempfile.TemporaryDirectory(dir=archive.parent) as directory:
        lists = [f"{directory}/broker", f"{directory}/worker"]
        load_classes(*lists)
        with open(f"{directory}/all", "w") as everything:
            for path in lists:
                with open(path) as one:
                    everything.write(one.read())
        made = f"{directory}/archive"
        options = ["-Xshare:dump", f"-XX:SharedClassListFile={directory}/all"]
        run("archive", java.java("-version", options=options, archive=made))
        pathlib.Path(made).rename(archive)


if __name__ == "__main__":
    main()
