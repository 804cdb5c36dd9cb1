"""The Spark session: local[*] or any master by SEI_SPARK_MASTER, sized for small machines.

Only what Spark Connect knows too: no sparkContext, no RDD.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from transform import class_archive
from transform.errors import TransformError
from transform.java import find_java

APP_NAME = "sei-transform"

# Two cores finish the demo company quickest with as many shuffle partitions as cores; a cluster
# starts from more and lets AQE coalesce them.
_LOCAL_SHUFFLE_PARTITIONS = max(2, min(8, os.cpu_count() or 2))
_CLUSTER_SHUFFLE_PARTITIONS = 64

# For tables that fit into one core's memory: nothing compiled, nothing planned twice. Compiling
# Java and planning again after each stage took more than half of the demo company's computation.
SMALL = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "2",
}

_LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m{nolookups}%n%ex{0}
# A failed task is told once, by the job, as one line; not again with each attempt.
appender.console.filter.level.type = ThresholdFilter
appender.console.filter.level.level = error
logger.task.name = org.apache.spark.scheduler.TaskSetManager
logger.task.level = off
logger.executor.name = org.apache.spark.executor.Executor
logger.executor.level = off
logger.write.name = org.apache.spark.sql.execution.datasources.v2
logger.write.level = off
logger.python.name = org.apache.spark.api.python.PythonRunner
logger.python.level = off
"""


def is_local(master: str) -> bool:
    """Whether the master runs executors inside this process."""
    return master == "local" or master.startswith("local[")


def spark_config(
    master: str, scratch: Path, *, small: bool = False, java_options: Sequence[str] = ()
) -> dict[str, Any]:
    """The settings of a session on this master; files of the run go below `scratch`.

    `small`: for tables of some megabytes, where starting up is most of the work. `java_options`:
    more of them for a local driver.
    """
    local = is_local(master)
    config: dict[str, Any] = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Rows may be of a megabyte each: 10,000 of them fit into no worker.
        "spark.sql.execution.arrow.maxBytesPerBatch": "16m",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.shuffle.partitions": str(
            _LOCAL_SHUFFLE_PARTITIONS if local else _CLUSTER_SHUFFLE_PARTITIONS
        ),
        # Lists of hours per group are kept in a hash map; the default gives the map up for a sort
        # at 128 groups, which is slower by far at our sizes.
        "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "100000",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.ui.enabled": "false",
        # Kept even without a UI: the text of each plan, again at each change by AQE.
        "spark.sql.maxPlanStringLength": "10000",
        "spark.sql.ui.retainedExecutions": "2",
        "spark.ui.retainedJobs": "10",
        "spark.ui.retainedStages": "10",
        "spark.ui.retainedTasks": "200",
        "spark.ui.showConsoleProgress": "false",
        "spark.pyspark.python": sys.executable,
        "spark.pyspark.driver.python": sys.executable,
    }
    if local:
        log4j = scratch / "log4j2.properties"
        config |= {
            "spark.driver.memory": os.environ.get("SEI_SPARK_MEMORY", "1g" if small else "1536m"),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(scratch / "local"),
            "spark.driver.extraJavaOptions": " ".join(
                [
                    *_java_options(small),
                    *java_options,
                    f"-Dlog4j2.configurationFile={log4j.as_uri()}",
                ]
            ),
        }
        log4j.write_text(_LOG4J, encoding="utf-8")
    return config | (SMALL if small else {})


def _java_options(small: bool) -> list[str]:
    # The second compiler costs more than it gives back within half a minute; in some minutes it
    # pays for what is called ten times as often as it thinks.
    often = {"InvocationThreshold": 50000, "MinInvocationThreshold": 6000,
             "CompileThreshold": 150000, "BackEdgeThreshold": 400000}  # fmt: skip
    compilers = (
        ["-XX:TieredStopAtLevel=1"] if small else [f"-XX:Tier4{n}={v}" for n, v in often.items()]
    )
    return ["-XX:+UseSerialGC", *compilers, "-Xss4m", "-XX:ReservedCodeCacheSize=160m"]


def open_session(
    environ: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
    *,
    small: bool = False,
) -> SparkSession:
    """A Spark session on SEI_SPARK_MASTER (default local[*]); `extra` overrides settings.

    `small`: made for tables of some megabytes.

    TransformError, one line, if there is no Java or the master does not answer.
    """
    environ = os.environ if environ is None else environ
    master = environ.get("SEI_SPARK_MASTER") or "local[*]"
    # PySpark logs every error as a page of JSON besides raising it.
    logging.getLogger("DataFrameQueryContextLogger").disabled = True
    # Python workers on the executors must not need this project installed.
    _ship_our_code()
    if master.startswith("sc://"):
        return SparkSession.builder.remote(master).appName(APP_NAME).getOrCreate()
    java_home = find_java(environ)
    os.environ["JAVA_HOME"] = str(java_home)
    # Without it Spark binds whatever the host name resolves to, and so listens to the network.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    scratch = Path(tempfile.mkdtemp(prefix="sei-spark-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    builder = SparkSession.builder.master(master).appName(APP_NAME)
    kind = "spark" if small else "large-spark"
    kept = class_archive.options(java_home, _java_options(small), environ, kind)
    config = spark_config(master, scratch, small=small, java_options=kept)
    for key, value in {**config, **(extra or {})}.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise TransformError(f"Spark did not start on {master}: {first_line(error)}") from None
    except Exception as error:
        raise TransformError(
            f"Spark did not start on {master}: {first_line(error)}; "
            "check SEI_SPARK_MASTER and the Java at JAVA_HOME"
        ) from None


def first_line(error: BaseException) -> str:
    """The first line of an error that says something."""
    for line in str(error).splitlines():
        if line.strip():
            return line.strip()
    return type(error).__name__


def _ship_our_code() -> None:
    from pyspark import cloudpickle

    import transform
    from transform import commit_graph, errors, warehouse

    for module in (transform, errors, commit_graph, warehouse):
        cloudpickle.register_pickle_by_value(module)
