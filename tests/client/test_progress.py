"""What a person sees: bytes, rate, time left, files."""

import io
import re
import time

from rich.console import Console

from starhaul_client.progress import Display


def test_the_rate_is_of_what_came_in_this_run() -> None:
    seen = io.StringIO()
    with Display(Console(file=seen, force_terminal=True, width=150)) as display:
        display.begin(1_000_000_000)
        display.present(900_000_000)
        for _ in range(4):
            display.arrived(1_000_000)
            display.verified()
            time.sleep(0.25)
    shown = seen.getvalue()
    rates = [float(rate) for rate in re.findall(r"([\d.]+) MB/s", shown)]
    assert rates
    assert all(0 < rate <= 20 for rate in rates)
    assert re.search(r"0:\d\d:\d\d left", shown)
    assert "4 files verified" in shown
    assert display.received == 4_000_000


def test_a_quiet_one_says_nothing() -> None:
    with Display(None) as display:
        display.begin(10)
        display.arrived(10)
        display.say("nothing")
    assert display.received == 10
