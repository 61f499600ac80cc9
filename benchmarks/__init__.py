"""Speed, each figure beside a floor measured in the same run; never a timed test."""
