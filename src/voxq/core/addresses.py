"""Classification of network addresses: on the public internet, or of this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is public, and not one of this machine, its network or its provider.

    Raises ValueError for anything but an IP address.
    """
    real = _carried(ip_address(address.partition("%")[0]))
    return real.is_global and not real.is_multicast and not real.is_reserved


def is_loopback(host: str) -> bool:
    """Whether a host, given as an address or a name, is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address maps or tunnels to, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
