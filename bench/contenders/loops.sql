SELECT bench.disable_in_loops(:id) AS document
