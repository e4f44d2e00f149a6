"""Manifests judged without a cluster, by what the API server and the operator will say of them.

text ──> documents with lines ──> the CRD's schema ──> its CEL rules, defaults filled in ──> the planners' findings

Each stage runs on what passed the one before it. Schemas, rules and findings are the operator's own, none is repeated.
"""
