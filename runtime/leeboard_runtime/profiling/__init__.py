"""From rows that a model was not fitted on to its profile: what its inputs and answers look like when all is well."""
