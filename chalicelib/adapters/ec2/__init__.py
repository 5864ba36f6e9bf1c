"""EC2: the port `Desktops` (`desktops`), and what it is made of, a module each."""

from chalicelib.adapters.ec2.desktops import Ec2Desktops

__all__ = ["Ec2Desktops"]
