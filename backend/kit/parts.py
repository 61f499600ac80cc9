"""S3 size limits (placeholder until the part planner lands)."""

MIN_PART_SIZE = 5 * 1024**2
MAX_SINGLE_PUT = 5 * 1024**3
MAX_OBJECT_SIZE = 50 * 1000**4
