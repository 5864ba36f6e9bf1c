"""The contract suites: each port's fake and its real adapter, held to the same sentences."""
