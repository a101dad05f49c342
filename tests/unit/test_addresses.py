"""Detection of public internet addresses."""

from __future__ import annotations

import pytest

from voxq.core.addresses import is_public


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_public_addresses_are_recognised(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # carrier-grade NAT
        "169.254.169.254",  # cloud metadata service
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:100.64.0.1",
        "::ffff:224.0.0.1",
        "::7f00:1",  # 127.0.0.1 as it was once written
        "fec0::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo, of 127.0.0.1
        "2001:0:4136:e378:8000:63bf:a247:27dd",  # Teredo, of 93.184.216.34
        "64:ff9b:1::7f00:1",
        "192.0.0.192",  # metadata service of another cloud
    ],
)
def test_private_addresses_are_recognised(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("name", ["", "localhost", "bot.example", "1.2.3", "0x7f000001"])
def test_a_name_is_no_address(name: str) -> None:
    with pytest.raises(ValueError):
        is_public(name)
