"""check_links refuses what it is there to refuse."""

import subprocess
from pathlib import Path

from check_links import complaints, main, needed_by, stem


def test_parquet_stands_beside_no_second_libcrypto() -> None:
    assert complaints("anything", {"libparquet", "libarrow"}) == []
    assert complaints("anything", {"libssl", "libcrypto"}) == []
    assert complaints("anything", {"libparquet", "libcrypto"}) == ["anything needs libparquet together with libcrypto"]


def test_libklein_needs_only_what_it_may() -> None:
    assert complaints("libklein", {"libarrow", "libarrow_compute", "libc", "libpng16"}) == []
    assert complaints("libklein", {"libarrow", "libparquet"}) == ["libklein needs libparquet, which it must not"]


def test_suffixes_are_left_out() -> None:
    assert stem("libarrow.so.2600") == "libarrow"
    assert stem("libklein.so") == "libklein"


def test_a_built_library_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("double cos(double);\ndouble f(double x) { return cos(x); }\n")
    library = tmp_path / "libklein.so"
    enemy = tmp_path / "libssl.so.3"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wl,-soname,libssl.so.3", "-o", enemy, tmp_path / "a.c"], check=True)
    linked: list[str | Path] = ["cc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", library, tmp_path / "a.c", enemy]
    subprocess.run(linked, check=True)
    assert "libssl" in needed_by(library)
    assert main([str(library)]) == 1
