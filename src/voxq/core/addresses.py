"""Classification of network addresses: on the public internet, or of this machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL = (IPv4Network("192.0.0.0/24"), IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))
"""Networks that some releases of Python take for public: that of IANA's own protocols, where a cloud keeps
its metadata service; translation to IPv4 within an organisation (RFC 8215); site-local addresses
(RFC 3513)."""


def is_public(address: str) -> bool:
    """Whether an IP address is public, and not one of this machine, its network or its provider.

    Raises ValueError for anything but an IP address.
    """
    real = _carried(ip_address(address.partition("%")[0]))
    is_special = real.is_multicast or real.is_reserved or any(real in network for network in _LOCAL)
    return real.is_global and not is_special


def is_loopback(host: str) -> bool:
    """Whether a host, given as an address or a name, is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address maps or tunnels to, else the address itself.

    Teredo needs no look into its addresses: the network of all of them, 2001::/23, is not public.
    """
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
