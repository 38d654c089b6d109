"""The register, pure: same building or not, generations, stages, aliases that others assigned."""
