UPDATE apitoken.api_tokens
	SET status = 'Disabled', updated_at = clock_timestamp(), updated_by_type = NULL, updated_by_id = NULL
	WHERE id = :id AND status = 'Active'
	RETURNING id
