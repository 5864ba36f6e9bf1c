"""The ports on AWS and the DNS provider. They share nothing with the rules but the ports and the domain's values."""
