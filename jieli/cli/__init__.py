"""The operator's commands. Each is a thin reading of arguments over the store and the engine."""

from __future__ import annotations

import platform
import sys
import traceback
from pathlib import Path

import click

from jieli import __version__
from jieli.cli import (
    backup,
    case,
    check,
    clock,
    customer,
    demo,
    diagram,
    doctor,
    importing,
    key,
    notify,
    publish,
    roster,
    schema,
    simulate,
    testing,
    up,
)
from jieli.engine.errors import FormError, JieliError
from jieli.logs import redact_all_logs, redacted
from jieli.texts import text, use_language

EXPECTED, UNEXPECTED, INTERRUPTED = 1, 3, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jieli")
def jieli() -> None:
    """接力: the process engine of a shop's customer-service team."""


jieli.add_command(up.up)
jieli.add_command(up.serve)
jieli.add_command(check.check)
jieli.add_command(schema.schema)
jieli.add_command(diagram.diagram)
jieli.add_command(simulate.simulate)
jieli.add_command(testing.test)
jieli.add_command(publish.publish)
jieli.add_command(publish.migrate)
jieli.add_command(publish.deploy)
jieli.add_command(case.case)
jieli.add_command(roster.roster)
jieli.add_command(importing.import_)
case.case.add_command(importing.import_cases)
jieli.add_command(clock.clock)
jieli.add_command(doctor.doctor)
jieli.add_command(demo.demo)
jieli.add_command(key.key)
jieli.add_command(customer.customer)
jieli.add_command(notify.notify)
jieli.add_command(backup.backup)
jieli.add_command(backup.restore)


def main() -> None:
    """The command `jieli`: a user's mistake is one line and exit 1, a fault of ours a report and 3."""
    from jieli.settings import Settings

    try:
        use_language(Settings().language)
        redact_all_logs()
        sys.exit(jieli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except FormError as error:
        for field, complaint in error.fields.items():
            click.echo(f"{field}: {complaint}" if field else complaint, err=True)
        sys.exit(EXPECTED)
    except JieliError as error:
        click.echo(error.told(), err=True)
        sys.exit(EXPECTED)
    except Exception as error:
        click.echo(_report(error), err=True)
        sys.exit(UNEXPECTED)


def _report(error: Exception) -> str:
    report = Path.cwd() / "jieli-report.txt"
    report.write_text(
        f"jieli {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"arguments: {sys.argv[1:2]}\n\n{redacted(''.join(traceback.format_exception(error)))}",
        encoding="utf-8",
    )
    told = text("This is a fault of Jieli, not yours: {error}", error=repr(error))
    return f"{told}\n{text('A report stands in {path}.', path=str(report))}"
