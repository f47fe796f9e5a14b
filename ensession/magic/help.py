"""What ``%ens help`` says, and what is said at first use; both fit a terminal of 80 columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from ensession.errors import UsageError

HELP = """\
%ens start [FILE] [--all]      record every cell from now on (--all: store
                               every value)
%ens status                    what is recorded, and what would not survive a
                               restart
%ens log [K] [--graph]         the last K executions (default 20); --graph: the
                               history as a tree
%ens vars [@N]                 the variables of a state
%ens diff @A [@B] [--deep]     what differs between two states (--deep: load
                               the values and compare them)
%ens export [@N] -o FILE       write a notebook, or a script (--script);
                               --minimal NAME …: only the cells these need
%ens plan [@N]                 how a state would come back, and at what cost
%ens restore [FILE] [@N]       bring a state back (--force: give up unrecorded
                               variables; --trust: let a store that others
                               wrote run code here; --allow N: see allow;
                               --lazy: the kernel is usable at once, each
                               variable comes before a cell that uses it)
%ens load [NAME …]             bring in what a lazy restore left for later, or
                               some of it
%ens always|never|allow [N …]  every restore runs cell N, none does, or one may
                               although it changed something outside (--not:
                               take that back)
%ens ignore|pin [NAME …]       a variable that is neither captured nor
                               restored; one that is always stored (--not:
                               take that back)
%ens modules [--write DIR]     your own modules that cells imported, and their
                               sources back
%ens checkout STATE            go to another state in this kernel; what is the
                               same stays as it is
%ens undo [K]                  go back to before the last cell (or K cells)
%ens redo [K]                  go forth again
%ens branch [NAME]             list the branches, or begin one here (--delete
                               NAME: take a name away)
%ens tag [NAME [@N]]           list the tags, or name a state (--delete NAME:
                               take a name away)
%ens sync REMOTE               give the store and another copy of it the same
                               content (a path, or ssh://host/path; --ssh
                               COMMAND and --remote-ens COMMAND: how to call
                               ssh, and ens over there)
%ens autosync REMOTE           keep that copy in step from now on (--every
                               60s; --ssh and --remote-ens as for sync);
                               %ens autosync off
%ens trust [FILE]              let a store that others wrote run code here
%ens config [KEY=VALUE …]      the settings, or change some (audit=on: look at
                               every variable after every cell)
%ens stats                     what takes the room in the file: variables,
                               cells, types
%ens gc [--keep-last K]        make the file smaller (--keep-tagged, --max-size
                               200MB, --lossless; --yes: do it, --dry-run:
                               only say what would go in any case)
%ens forget NAME|@N …          take values, outputs and records out for good
                               (--text TEXT; --code: code too; --yes,
                               --dry-run: as for gc)
%ens flush                     look at what there was no time for, and wait
                               until all that is to be stored is in the file
%ens stop                      stop recording
%ens help [COMMAND]            this page, or what it says of one command

%%ens always, never or allow in a cell's first line, or a tag such as ens-
always, says it of that cell. FILE defaults to the
notebook's name with .ens, where it can be known, else session.ens; @N is the
state after execution N; a STATE is @N or the name of a tag or branch, and may
stand wherever @N does (@NAME)."""
_ENTRIES, _GENERAL = HELP.split("\n\n")
FIRST_USE = """\
Each cell is recorded in that file, on this machine only: its code, its output,
and the values worth keeping, but none that plainly is a password or a key. The
code is recorded as it is: mind who gets the file. %ens status says what would
not survive a restart, %ens undo takes a cell back, %ens restore brings
everything back in a new kernel, and %ens help lists the rest. (This is said
once.)"""


def help_text(words: Sequence[str], verbs: Collection[str]) -> str:
    """Return the page, or what it says of one command and the sentences at its end.

    Raises
    ------
    UsageError
        There is no such command.
    """
    if words[1:]:
        raise UsageError("%ens help takes one command, or nothing")
    if not words:
        return HELP
    if words[0] not in verbs:
        raise UsageError(no_such_command(words[0], verbs))
    return "\n".join([entries()[words[0]], "", _GENERAL])


def entries() -> dict[str, str]:
    """Return what the page says of each command, without the sentences at its end, in the order of the page."""
    return {verb: entry for entry in re.split(r"\n(?=%ens )", _ENTRIES) for verb in entry.split()[1].split("|")}


def no_such_command(verb: str, verbs: Collection[str]) -> str:
    """Return what to say of a command that there is not."""
    close = get_close_matches(verb, verbs, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"%ens knows no command {verb!r}.{meant} %ens help lists them"
