"""`python -m starhaul_client`."""

from starhaul_client.command import run

run()
