"""`python -m localcloud.dcv`."""

from localcloud.dcv.server import main

main()
