"""A flow is a value: verbs, immediate answers, plans, and what is refused."""

import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet
import pyklein as klein
import pytest


def people() -> klein.Flow:
    return klein.from_items([{"name": "Ada", "age": 36}, {"name": "Bob", "age": 20}, {"name": "Cy", "age": 50}])


def test_verbs_on_columns() -> None:
    flow = people().filter(klein.col("age") > 30).with_column("next", klein.col("age") + 1).rename({"name": "who"})
    assert flow.select("who", "next").take_all() == [{"who": "Ada", "next": 37}, {"who": "Cy", "next": 51}]
    assert people().drop("age").schema().names == ["name"]
    assert people().with_columns(age=klein.col("age") * 2, one=1).take(1) == [{"name": "Ada", "age": 72, "one": 1}]


def test_a_column_may_be_called_name() -> None:
    assert people().with_columns(name=klein.col("age")).take(1) == [{"name": 36, "age": 36}]


def test_union_takes_flows() -> None:
    assert klein.range(2).union(klein.range(3), klein.range(1)).count() == 6


def test_take_gives_the_first_rows_in_order() -> None:
    assert [row["id"] for row in klein.range(1_000_000).take(3)] == [0, 1, 2]


def test_all_rows_come_in_the_order_of_the_source() -> None:
    ids = klein.range(300_000).to_arrow()["id"].to_pylist()
    assert ids == list(range(300_000))


def test_take_all_refuses_more_than_its_limit() -> None:
    assert len(klein.range(3).take_all(limit=3)) == 3
    with pytest.raises(klein.ResourceError, match="more than 2 rows"):
        klein.range(3).collect(limit=2)


def test_answers_about_an_endless_flow_are_refused() -> None:
    with pytest.raises(klein.InvalidError, match="count waits for the end"):
        klein.generate().count()
    assert len(klein.generate().limit(5).map(lambda row: row).take_all()) == 5


def test_iterating_runs_the_flow_beside_the_program() -> None:
    assert sum(row["id"] for row in klein.range(1000).iter_rows()) == 499_500
    sizes = [batch.num_rows for batch in klein.range(10).iter_batches(batch_size=4, batch_format="pyarrow")]
    assert sizes == [4, 4, 2]


def test_an_iteration_that_is_left_stops_its_job() -> None:
    for row in klein.generate().iter_rows():
        assert row["id"] >= 0
        break


def test_show_prints_rows(capsys: pytest.CaptureFixture[str]) -> None:
    people().show(1)
    assert capsys.readouterr().out == "{'name': 'Ada', 'age': 36}\n"


def test_repr_shows_steps_schema_and_that_nothing_ran() -> None:
    text = repr(people().limit(2))
    assert text.startswith("Flow, not run:")
    assert "limit" in text
    assert "name: string, age: int64" in text


def test_schema_runs_only_where_it_must() -> None:
    assert people().schema() == pyarrow.schema([("name", pyarrow.string()), ("age", pyarrow.int64())])
    assert people().map(lambda row: {"x": 1.5}).schema() == pyarrow.schema([("x", pyarrow.float64())])


def test_a_schema_that_no_row_shows_is_not_that_of_the_input() -> None:
    with pytest.raises(klein.InvalidError, match="the schema isn't known: no row came through, and 3 failed"):
        klein.range(3).map(lambda row: 1 / 0, on_error="skip").schema()


def test_pipe_calls_a_function_of_flows() -> None:
    assert people().pipe(lambda flow, n: flow.limit(n), 2).count() == 2


def test_mistakes_are_told_where_they_are_written() -> None:
    with pytest.raises(klein.NotFoundError, match="Did you mean 'age'"):
        people().select("aeg")
    with pytest.raises(AttributeError, match="did you mean 'select'"):
        people().selct("age")
    with pytest.raises(klein.InvalidError, match="nothing can follow the sink"):
        sink = people().discard()
        sink._ran = True
        sink.limit(1)


@pytest.mark.parametrize(
    "program",
    [
        lambda: klein.range(1).discard().run(on="cluster"),
        lambda: klein.range(1).map_batches(dict, num_gpus=1),
        lambda: klein.range(1).map(dict, concurrency=4),
    ],
)
@pytest.mark.filterwarnings("ignore::pyklein.errors.NotRunWarning")
def test_what_is_not_built_is_refused(program) -> None:
    with pytest.raises(klein.NotBuiltError):
        program()


def test_a_sink_dropped_without_being_run_warns() -> None:
    with pytest.warns(klein.NotRunWarning, match="discard") as warned:
        klein.range(1).discard()
    assert warned[0].filename == __file__


def test_explain_shows_four_views() -> None:
    text = people().select("age").explain()
    assert [word in text for word in ("logical", "optimized", "execution", "physical")] == [True] * 4
    assert '"steps"' in people().explain("logical", format="json")


def test_numbers_are_shown_as_they_were_written() -> None:
    flow = klein.from_items([{"photo": b""}]).decode_image("photo", size=(224, 112))
    assert "size=[224, 112]" in flow.explain("logical")
    assert '"size":[224,112]' in repr(flow)


def test_every_verb_has_help() -> None:
    assert "count: How many rows" in (klein.Flow.limit.__doc__ or "")
    assert "Args:" in (klein.read_parquet.__doc__ or "")


def test_an_expression_that_fails_names_step_and_row(tmp_path) -> None:
    with pytest.raises(klein.InvalidError, match=r"step 'ratio', row range:300: computing .*: divide by zero"):
        ratio = pc.divide_checked(pc.scalar(1), klein.col("id") - 300)
        klein.range(1000).with_columns(ratio=ratio, name="ratio").take_all()
    with pytest.raises(klein.InvalidError, match=r"step 'parse', row table:1: computing .*'x'"):
        texts = klein.from_items([{"text": "1"}, {"text": "x"}, {"text": "y"}])
        texts.with_column("number", klein.col("text").cast("int64"), name="parse").take_all()
    pyarrow.parquet.write_table(pyarrow.table({"n": [1, 2, 0]}), tmp_path / "n.parquet")
    with pytest.raises(klein.InvalidError, match=r"step 'numbers', row .*/n\.parquet:2: .*divide by zero"):
        read = klein.read_parquet(tmp_path / "n.parquet", name="numbers")
        read.filter(pc.divide_checked(pc.scalar(6), klein.col("n")) > 1).take_all()


def test_errors_have_a_class_a_code() -> None:
    with pytest.raises(klein.Error) as raised:
        people().select("aeg", name="pick")
    assert (raised.value.code, raised.value.step) == ("not_found", "pick")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: klein.range(3).union([klein.range(3)]), "'union' takes flows, each an argument of its own"),
        (lambda: klein.run([klein.range(3)]), "give flows, each an argument of its own"),
        (lambda: klein.range(3).drop_columns, r"it is called drop\(\)"),
        (lambda: klein.range(3).sort, "it is not built yet"),
        (lambda: klein.range(3).limit(2, name=3), "name= is what the step is to be called, a string, not 3"),
        (lambda: klein.range(3).filter("id > 3"), r"""not "id > 3", but klein.col\("id"\) > 3"""),
        (lambda: klein.range(3).with_columns(t=lambda row: 1), r"'t' can't be a function; .* with \.map\(\)"),
        (lambda: klein.run(klein.range(3).discard(), core=2), "there is no option core=; did you mean 'cores'"),
    ],
)
def test_what_users_of_other_engines_try_is_answered_in_a_sentence(wrong, words) -> None:
    with pytest.raises((klein.InvalidError, AttributeError), match=words):
        wrong()
