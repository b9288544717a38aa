"""`python -m phenolens.app`."""

import sys

from .application import main

sys.exit(main())
