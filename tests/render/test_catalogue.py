from auditor.checks import CATALOGUE
from auditor.checks.controls import titles
from auditor.render.catalogue import as_markdown


def test_every_check_has_its_anchor_and_its_controls() -> None:
    document = as_markdown(CATALOGUE.values(), titles())
    for it in CATALOGUE.values():
        assert f"| [{it.id}](#{it.id}) |" in document
        assert f"\n## {it.id}\n" in document
        assert it.rationale in document
        assert f"\n```\n{it.fix_shape}\n```\n" in document
        assert all(f"- `{control}` {titles()[control]}" in document for control in it.controls)
