"""The command `yaowen`."""

from importlib.metadata import PackageNotFoundError, version

import click

from yaowen.cli.evaluate import evaluate_command
from yaowen.cli.export import export_command
from yaowen.cli.imports import import_command
from yaowen.cli.predict import predict_command


def _version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        try:
            number = version("yaowen")
        except PackageNotFoundError:
            number = "not installed: run from a source tree"
        click.echo(f"yaowen {number}")
        ctx.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Say the version.")
def main() -> None:
    """Structured events from Chinese official news: who, in which office, did what, when and where."""


main.add_command(predict_command)
main.add_command(evaluate_command)
main.add_command(export_command)
main.add_command(import_command)

if __name__ == "__main__":
    main()
