# SPDX-License-Identifier: Apache-2.0
"""The runs of the golden guard: small fleets that together use every part of the timeline and of training."""

# Devices of two classes, links of both and one shared among two devices; each run changes what it is about.
_PRESENCE = {
    "fleet__availability": "slow:evening fast:flaky",
    "availability__evening__kind": "daily",
    "availability__evening__from": "0 h",
    "availability__evening__to": "0.4 s",
    "availability__evening__time_zones": "3",
    "availability__flaky__kind": "markov",
    "availability__flaky__mean_on": "150 ms",
    "availability__flaky__mean_off": "60 ms",
    "availability__flaky__join": "10 ms",
}
_VARYING_LINKS = {
    "link__thin__uplink_deviation": "80 kbit/s",
    "link__thin__downlink_deviation": "300 kbit/s",
    "link__thin__jitter": "30 ms",
    "link__thin__loss": "0.1",
    "link__thin__wake_up": "20 ms",
    "link__thin__wake_after": "50 ms",
    "link__thin__spread": "0.3",
    "link__thick__power_up_base": "2926 mW",
    "link__thick__power_up_slope": "76.7 mW per Mbit/s",
    "link__thick__trace": "{folder}/rates.txt",
    "link__thick__downlink_trace": "{folder}/rates.txt",
    "link__thick__trace_start": "random",
}
_CELLS = {"link__thin__cell_devices": "2", "link__thin__cell_uplink": "250 kbit/s", "link__thick__cell_devices": "3",
          "link__thick__cell_uplink": "9 Mbit/s", "link__thick__cell_downlink": "9 Mbit/s"}
_SERVER_LINK = {"server__access_rate": "400 kbit/s"}
_HALF_DUPLEX = {"link__thin__duplex": "half", "link__thick__duplex": "half"}
_HEAT_AND_LOAD = {
    "device__slow__thermal_budget": "50 ms",
    "device__slow__thermal_decay": "1 s",
    "device__slow__thermal_stretch": "1.5",
    "device__slow__thermal_floor": "0.4",
    "device__slow__compute_deviation": "0.2",
    "device__fast__compute_spread": "0.3",
    "device__fast__spread": "0.2",
    "device__fast__load": "{folder}/load.txt",
    "device__fast__load_start": "random",
    "device__fast__power_idle": "1 W",
}
_BATTERIES = {
    "device__slow__power_compute": "4 W",
    "device__slow__battery": "0.8 J",
    "device__slow__battery_start": "0.5",
    "device__slow__battery_low": "0.3",
    "device__slow__battery_rest": "200 ms",
    "device__fast__battery": "0.3 J",
    "device__fast__battery_start": "0.2",
}
_RESTLESS = {"availability__flaky__mean_on": "12 ms", "availability__flaky__mean_off": "20 ms"}
_EVERYTHING = {**_PRESENCE, **_VARYING_LINKS, **_CELLS, **_SERVER_LINK, **_HALF_DUPLEX, **_HEAT_AND_LOAD,
               "availability__evening__to": "6 s"}

RUNS = {
    "plain": {},
    "two_epochs": {"device__epochs": 2, "packet__dtype": "int8"},
    "comes_and_goes": {**_PRESENCE, **_RESTLESS, "device__epochs": 4},
    "links_vary": _VARYING_LINKS,
    "cells": {**_CELLS, **_PRESENCE, **_RESTLESS},
    "server_link": _SERVER_LINK,
    "cells_and_server_link": {**_CELLS, **_SERVER_LINK, "link__thin__latency": "15 ms"},
    "half_duplex": {**_HALF_DUPLEX, "server__enough": "0.8"},
    "everything": _EVERYTHING,
    "everything_late": {**_EVERYTHING, "server__deadline": "900 ms"},
    "heat_and_load": _HEAT_AND_LOAD,
    "batteries": {**_BATTERIES, "device__epochs": 2},
    "per_device": {"server__mode": "per_device"},
    "replay_after_all": {"server__mode": "replay_after_all", "server__balance": "device"},
    "arrival_only": {"server__mode": "arrival_only", "server__updates_per_arrival": 2},
    "central_side": {"method__name": "central_side"},
}
WALL_RUN = {"run__clock": "wall", "run__time_scale": 20, "server__step_overhead": "2 ms"}

# What the wall clock plans; the times in between are measured.
PLANNED_COLUMNS = {
    "devices": None, "samples": None,
    "uploads": ("device", "packet", "samples", "tokens", "padded_tokens", "charged_bytes", "charged_flop"),
}  # fmt: skip


def write_traces(folder):
    (folder / "rates.txt").write_text("0 8\n0.1 2\n0.25 0\n0.3 12\n")  # s, Mbit/s
    (folder / "load.txt").write_text("0 1\n0.05 0.4\n0.2 0.8\n")  # s, share of the rate


# The default that the hashes were made with.
PINNED = {"server__step_overhead": "0.2 ms"}


def settings_of(run, folder):
    return {key: str(value).format(folder=folder) for key, value in {**PINNED, **run}.items()}
