"""What people see of whoever runs the stage."""

from __future__ import annotations

from collections.abc import Iterator

from tools import logo as logos
from tools.findings import Finding, fail, ok
from tools.site import Site


def logo(site: Site) -> Iterator[Finding]:
    """The logo that the stage's file names can be shown; a deploy takes no other."""
    try:
        logos.judge(site.stage, site.folder)
    except logos.NoLogo as none:
        yield fail(none.what, none.remedy)
        return
    if named := site.stage.operator_logo:
        yield ok(f"pages bear the logo stages/{named}, read as {site.stage.operator_name}")
    else:
        yield ok("pages bear the product's mark (operator.logo)")
