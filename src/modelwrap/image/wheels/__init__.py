"""Wheels: what is in them, where each file goes in an environment, and the bytecode of their modules.

A wheel is only read; nothing of it is ever imported or run. This room knows no layer and no image.
"""
