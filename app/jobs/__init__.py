"""Long work: the job's row is the truth, the queue only says that there is something to do."""
