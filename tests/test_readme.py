"""What the README shows is what the command says."""

from pathlib import Path

from click.testing import CliRunner

from yaowen.cli.main import main


def test_the_sample_is_what_predict_says(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = Path("README.md").read_text("utf-8").split("```\nexamples/visit.txt\n", 1)[1].split("…\n```", 1)[0]
    said = CliRunner().invoke(main, ["predict", "examples/visit.txt"]).stdout.splitlines()
    missing = [line for line in shown.splitlines() if line not in said]
    assert not missing
    assert len(shown.splitlines()) > 20
