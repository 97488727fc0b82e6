"""Turn files that wait into Spark jobs, one running job a lane, and settle those that ended."""
