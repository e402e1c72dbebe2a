"""README and guide: their length, their links, and the commands that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from autocnn.cli.main import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("guide/*.md"))]
PAGES += sorted(DOCS.glob("tutorials/*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?autocnn ([a-z]+)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def test_the_readme_is_short():
    """A newcomer reads it whole."""
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    """Every relative link of a page names a file or a folder of the repository."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page):
    """Each command in a block of a page is one of the program, with the options that it names."""
    commands = typer.main.get_command(app).commands
    blocks = page.read_text(encoding="utf-8").split("```")[1::2]
    for line in "\n".join(blocks).splitlines():
        found = COMMAND.match(line)
        if found is None:
            continue
        command = commands[found.group(1)]
        known = {name for parameter in command.params for name in parameter.opts}
        known |= {name for parameter in command.params for name in parameter.secondary_opts}
        typed = set(OPTION.findall(line.partition("#")[0]))
        assert typed <= known | {"--help"}, line
