SELECT api.apitoken_disable(:id) AS document
