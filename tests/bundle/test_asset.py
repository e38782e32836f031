"""What is in the asset: exactly what the functions need, for the machine they run on, the same bytes each time."""

import hashlib
import io
import struct
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from auditor import settings
from auditor.aws import exceptions_file, own_checks
from infra import bundle
from infra.bundle import BundleFor
from tests.aws.test_own_checks import folder as own_folder
from tests.bundle.conftest import filled

TOLD = {"deployment.json", "exceptions.toml"}
"""What the asset has of its deployment, beside the package."""

AARCH64 = 183
"""e_machine of an ELF file, at byte 18."""


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def tree(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and mode of every file."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
        for path in files(folder)
    }


@pytest.mark.parametrize("which", ["asset", "lambda_asset"])
def test_asset_holds_the_package_and_its_dependencies_and_no_more(which: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(which)
    tops = {path.name for path in folder.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {
        "_yaml",
        "annotated_types",
        "asn1crypto",
        "auditor",
        "aws_lambda_powertools",
        "certifi",
        "charset_normalizer",
        "detect_secrets",
        "idna",
        "jmespath",
        "pydantic",
        "pydantic_core",
        "requests",
        "typing_extensions.py",
        "typing_inspection",
        "tzdata",
        "yaml",
    }


PICTURES = ("clauses", "grounds", "markup", "paths_marks", "paths_page", "paths_picture", "paths_text", "paths_tree")
"""What only the command renders."""


@pytest.mark.parametrize("which", ["asset", "lambda_asset"])
def test_asset_holds_nothing_that_only_the_command_needs(which: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(which)
    names = [path.relative_to(folder) for path in folder.rglob("*")]
    assert not [name for name in names if {"__pycache__", "bin", "tests"} & set(name.parts)]
    assert not [name for name in names if name.parts[:2] == ("auditor", "cli")]
    assert not [name for name in names if name.suffix in {".pyc", ".tsv"}]


def test_package_in_the_asset_is_the_one_of_the_repository(lambda_asset: Path) -> None:
    shipped = {name: hashed for name, (hashed, _) in tree(lambda_asset / "auditor").items() if name not in TOLD}
    here = {name: hashed for name, (hashed, _) in tree(bundle.PACKAGE).items()}
    assert shipped == {name: here[name] for name in shipped}
    left_out = {name for name in set(here) - set(shipped) if name.endswith(".py") and not name.startswith("cli/")}
    drawn = {f"render/{name}.py" for name in PICTURES}
    assert left_out == {"checks/controls.py", "checks/promises.py", "aws/own_checks_review.py", *drawn}


def test_asset_carries_the_settings_of_its_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"channels": {"default": {}, "web": {"accounts": ["111122223333"]}}, "limits": {"key_age": 30}}
    deployment = settings.validated(settings.Deployment, given)
    bundle.fill(tmp_path, BundleFor.HERE, deployment)
    monkeypatch.setattr(settings, "DEPLOYED", tmp_path / "auditor" / settings.DEPLOYED.name)
    assert settings.deployment() == deployment


def test_asset_carries_the_reviewed_exceptions(lambda_asset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = lambda_asset / exceptions_file.SHIPPED.relative_to(bundle.PACKAGE.parent)
    assert shipped.read_bytes() == bundle.EXCEPTIONS.read_bytes()
    monkeypatch.setattr(exceptions_file, "SHIPPED", shipped)
    assert exceptions_file.shipped(date(2026, 11, 20)) == ()


def test_asset_of_a_repository_without_exceptions_carries_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "EXCEPTIONS", tmp_path / "absent.toml")
    folder = filled(tmp_path / "asset", BundleFor.HERE)
    assert TOLD & {path.name for path in (folder / "auditor").iterdir()} == {"deployment.json"}


def test_dependencies_that_another_process_has_installed_meanwhile_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(made: Path, _: list[str]) -> Path:
        made.mkdir()
        if not racing:
            racing.append(made)
            (bundle.dependencies(BundleFor.HERE) / "first").touch()
        return made

    racing: list[Path] = []
    monkeypatch.setattr(bundle, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(bundle, "_installed", installed)
    folder = bundle.dependencies(BundleFor.HERE)
    assert [it.name for it in folder.iterdir()] == ["first"]
    assert list(bundle.CACHE.iterdir()) == [folder], "and nothing is left of the other"


def test_asset_carries_the_families_of_own_checks_and_not_their_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "asset").mkdir()
    monkeypatch.setattr(bundle, "CHECKS", own_folder(tmp_path / "checks"))
    monkeypatch.setattr(bundle, "dependencies", lambda _: tmp_path / "nothing")
    bundle.fill(tmp_path / "asset", BundleFor.HERE, settings.Deployment())
    carried = tmp_path / "asset" / own_checks.SHIPPED.relative_to(bundle.PACKAGE.parent)
    assert [path.name for path in carried.iterdir()] == ["shared_users.py"]
    monkeypatch.setattr(own_checks, "SHIPPED", carried)
    assert "shared-user" in own_checks.shipped().checks


def test_every_binary_is_for_lambdas_processor_and_python(lambda_asset: Path) -> None:
    binaries = [path for path in files(lambda_asset) if path.read_bytes()[:4] == b"\x7fELF"]
    assert binaries
    assert {struct.unpack_from("<H", path.read_bytes(), 18) for path in binaries} == {(AARCH64,)}
    assert {path.name.partition(".")[2] for path in binaries} == {"cpython-313-aarch64-linux-gnu.so"}
    assert sorted(binaries) == sorted(lambda_asset.rglob("*.so"))


@pytest.mark.parametrize("which", list(BundleFor))
def test_asset_installed_anew_is_the_same_bytes(
    which: BundleFor, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: Path = request.getfixturevalue("asset" if which is BundleFor.HERE else "lambda_asset")
    monkeypatch.setattr(bundle, "CACHE", tmp_path / "cache")
    assert tree(filled(tmp_path / "asset", which)) == tree(first)


def test_asset_is_small_enough_to_be_read_in_the_console(lambda_asset: Path) -> None:
    """Zipped, far below Lambda's 50 MB; how large it is, is printed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files(lambda_asset):
            archive.write(path, path.relative_to(lambda_asset))
    unpacked = sum(path.stat().st_size for path in files(lambda_asset))
    print(f"asset: {len(packed.getvalue()) / 1e6:.2f} MB zipped, {unpacked / 1e6:.1f} MB")  # noqa: T201
    assert len(packed.getvalue()) < 10_000_000
