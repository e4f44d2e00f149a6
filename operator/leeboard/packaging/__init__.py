"""How Leeboard is installed: the table of rights, the chart's generated parts, plain manifests, the smoke test."""
