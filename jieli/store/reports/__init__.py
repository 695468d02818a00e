"""Reports a supervisor would otherwise make by hand: what the store knows, as tables and charts.

Reads only. How they look is the pages'; which parts may be shown in Prefect, the parts say.
"""
