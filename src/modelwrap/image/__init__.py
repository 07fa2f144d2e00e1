"""All that makes an image and stays outside of it: the plan, the folder that stands alone, and what goes into both.

This wing never imports `modelwrap.runtime`; the two meet in `modelwrap.contract`.
"""
