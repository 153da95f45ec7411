"""Names from a mirror stay inside the data folder; RECORDS and SHA256SUMS.txt are read right."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiograft.physionet import listings

OUTSIDE = (
    "",
    "/etc/passwd",
    "..",
    "../100.dat",
    "sub/../../100.dat",
    "sub/./100.dat",
    "sub//100.dat",
    "sub/",
    "..\\100.dat",
    "C:100.dat",
    "c:/100.dat",
    "100\0.dat",
    "100\n.dat",
    "x" * 256,
    "\ud800",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_may_lead_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="may lead outside the data folder"):
        listings.inside(tmp_path, name)


@given(st.text(alphabet="a./\\: \0~-", max_size=12))
def test_whatever_is_let_through_lies_inside(name: str) -> None:
    root = Path("/nowhere/data")
    try:
        place = listings.inside(root, name)
    except ValueError:
        return
    assert place.resolve().is_relative_to(root)
    assert place.resolve() != root


def test_a_link_in_the_data_folder_leads_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    (tmp_path / "other").mkdir()
    (root / "way").symlink_to(tmp_path / "other")
    (root / "100.dat").symlink_to(tmp_path / "victim")
    for name in ("way/100.dat", "100.dat"):
        with pytest.raises(ValueError, match="follows a link out of the data folder"):
            listings.inside(root, name)


def test_the_data_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    assert listings.inside(tmp_path / "data", "a/b.dat") == tmp_path / "data" / "a" / "b.dat"


def test_records_are_read_whatever_their_line_ends() -> None:
    text = "100 \r\n\r\nPerson_01/rec_1\n100\nWFDBRecords/01/010/\n"
    assert listings.lines(text) == ("100", "Person_01/rec_1", "WFDBRecords/01/010/")


@pytest.mark.parametrize("line", ["../100", "/100/", "a/../b", "a\\b"])
def test_records_with_a_name_outside_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match="may lead outside"):
        listings.lines(f"100\n{line}\n")


def test_hashes_are_read_in_all_the_ways_they_are_written() -> None:
    one, two = "a" * 64, "B" * 64
    text = f"{one} 100.dat\r\n{two} *./sub/a file.dat\n\n{one}  100.hea\n"
    hashes = {"100.dat": one, "sub/a file.dat": two.lower(), "100.hea": one}
    assert listings.sums(text) == hashes


def test_a_line_that_is_no_hash_vouches_for_nothing_and_is_counted() -> None:
    one, two = "a" * 64, "b" * 64
    text = f"{one} 100.dat\n404 Not Found\n{two}\n{two[:63]} 101.dat\n\n"
    assert listings.sums(text) == {"100.dat": one}
    assert listings.malformed(text) == 3
    assert listings.malformed(f"{one} 100.dat\n\n") == 0


def test_a_name_with_two_hashes_has_none() -> None:
    one, two = "a" * 64, "b" * 64
    text = f"{one} 100.dat\n{one} 101.dat\n{two} 100.dat\n{one.upper()} 101.dat\n"
    assert listings.sums(text) == {"101.dat": one}
    assert listings.malformed(text) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \r\n\n", "empty"),
        ("<html>\n<p>Log in</p>", "its first line: '<html>'"),
        (f"{'a' * 64}\n", "its first line: 'aaa"),
    ],
)
def test_a_list_without_a_hash_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"SHA256SUMS\.txt lists no hash \({message}"):
        listings.sums(text)


def test_hashes_of_a_name_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="may lead outside"):
        listings.sums(f"{'a' * 64} ../100.dat\n")


def test_the_digest_sees_hashes_and_records_but_not_their_order_or_line_ends() -> None:
    a, b = f"{'a' * 64} 1\n", f"{'b' * 64} 2\n"
    same = listings.digest("1\n2\n", a + b)
    assert listings.digest("1\r\n2\r\n", b + a) == same
    others = [("2\n1\n", a + b), ("1\n2\n", a), ("1\n2\n", None), ("1\n", a + b)]
    assert len({same, *(listings.digest(*other) for other in others)}) == 5
