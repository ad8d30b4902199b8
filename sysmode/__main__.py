"""`python -m sysmode` is `pydbt-system-aarch64`."""

import sys

from .main import main

sys.exit(main())
