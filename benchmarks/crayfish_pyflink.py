"""Crayfish's job as PyFlink does it: records from Kafka as a table, a function of the user's over Arrow batches
("arrow") or row by row in the JVM's own process ("thread"), and its answers to Kafka. The connector's jar lies beside
the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def batch_function(model: str) -> Any:
    import pandas
    from crayfish_engines import Scorer
    from pyflink.table import DataTypes
    from pyflink.table.udf import udf

    made: list[Scorer] = []  # where the function runs, once

    def score(values: Any) -> Any:
        if not made:
            made.append(Scorer(model, "simdjson"))
        return pandas.Series(made[0](list(values)))

    return udf(score, result_type=DataTypes.BYTES(), func_type="pandas")


def row_function(model: str) -> Any:
    from crayfish_engines import Scorer
    from pyflink.table import DataTypes
    from pyflink.table.udf import udf

    made: list[Scorer] = []

    def score(value: bytes) -> bytes:
        if not made:
            made.append(Scorer(model, "simdjson"))
        return made[0]([value])[0]

    return udf(score, result_type=DataTypes.BYTES())


def run(servers: str, source: str, target: str, model: str, how: str) -> None:
    import pyflink
    from pyflink.table import EnvironmentSettings, TableEnvironment

    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    (jar,) = Path(pyflink.__file__).parents[1].glob("flink-sql-connector-kafka-*.jar")
    settings = {
        "pipeline.jars": f"file://{jar}",
        "parallelism.default": "1",
        "python.execution-mode": "thread" if how == "thread" else "process",
        "python.fn-execution.arrow.batch.size": "256",
        "python.fn-execution.bundle.size": "256",
        "python.fn-execution.bundle.time": "10",
    }
    for name, value in settings.items():
        tables.get_config().set(name, value)
    where = f"'connector' = 'kafka', 'properties.bootstrap.servers' = '{servers}', 'format' = 'raw'"
    begin = "'scan.startup.mode' = 'earliest-offset', 'properties.group.id' = 'flink'"
    tables.execute_sql(f"CREATE TABLE records (v BYTES) WITH ({where}, 'topic' = '{source}', {begin})")
    tables.execute_sql(f"CREATE TABLE answers (v BYTES) WITH ({where}, 'topic' = '{target}')")
    score = row_function(model) if how == "thread" else batch_function(model)
    tables.create_temporary_function("score", score)
    tables.execute_sql("INSERT INTO answers SELECT score(v) FROM records").wait()
