"""`opendata migrate`: bring the database to the schema of this release."""

from opendata.assembly import prepare
from opendata.base.kit.errors import N_
from opendata.base.models import migrations
from opendata.doors.cli.console import Console, verb, with_console


@verb("migrate", "")
@with_console
def command(console: Console) -> None:
    platform = console.unchecked_platform
    before, head = migrations.current(platform.engine), migrations.head()
    prepare(platform)
    if before == head:
        console.say(N_("Cơ sở dữ liệu đã ở phiên bản %(version)s."), version=head)
        return
    console.say(N_("Đã cập nhật cơ sở dữ liệu lên phiên bản %(version)s."), version=head)
