"""Opens the providers a command was told to look at."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from reaper.cli.console import Progress, say
from reaper.cli.errors import CommandError
from reaper.cli.text import clean

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.cli.options import Common


def open_selected(common: Common) -> Opened:
    """The providers of the services and regions that were named, or of the defaults; says what will be read.

    Raises:
        CommandError: they cannot be opened (no credentials, an unknown region, an unreachable endpoint).
    """
    # The SDK takes a while to load, which --help and usage errors need not wait for.
    from reaper.bootstrap import Selection, StartError, open_providers  # noqa: PLC0415

    selection = Selection(
        services=common.services,
        regions=common.regions,
        profile=common.profile,
        elsewhere=common.elsewhere,
    )
    try:
        with Progress(sys.stderr, quiet=common.quiet) as progress:
            progress("Asking whose credentials these are")
            opened = open_providers(selection, os.environ)
    except StartError as error:
        raise CommandError(clean(error)) from error
    if not common.quiet:
        say(f"Reading {'; '.join(clean(provider.key) for provider in opened.providers)}")
    return opened
