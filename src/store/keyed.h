/*-------------------------------------------------------------------------
 *
 * keyed.h
 *	  The tables whose rows are read by their keys, and in which order: the one
 *	  description that the statement's text and the reading of an index follow.
 *
 * src/store/keyed.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef APITOKEN_KEYED_H
#define APITOKEN_KEYED_H

/*
 * ONE(statement, its name, relation, key, order), OF whose key is an account's id, and TWO
 * with a key of two columns, the first of which is.  What is read by ONE is on every node
 * where tables are distributed, but for tokens; and so are actors.
 * The order is that of rows which share a key: where it is the last column of the
 * key, the key is unique.
 */
#define APITOKEN_KEYED_READS(ONE, OF, TWO) \
	ONE(TOKENS, "tokens", "api_tokens", "id", "id") \
	TWO(OWN_TOKENS, "own tokens", "api_tokens", "account_id", "id", "id") \
	TWO(CREDENTIALS, "credentials", "api_token_credentials", "account_id", "api_token_id", \
		"api_token_id") \
	TWO(SECRETS, "secrets", "api_token_secrets", "account_id", "api_token_id", "number") \
	ONE(FOREIGN_SECRETS, "foreign secrets", "api_token_foreign_secrets", "digest", "digest") \
	OF(ACCOUNTS, "accounts", "accounts", "id", "id") \
	OF(USER_GROUPS, "user groups", "user_groups", "account_id", "id") \
	TWO(GROUP_MODULES, "group modules", "user_group_modules", "account_id", "user_group_id", \
		"module_id") \
	TWO(GROUP_USERS, "group users", "user_group_users", "account_id", "user_group_id", \
		"user_id") \
	TWO(GROUP_BUYERS, "group buyers", "user_group_buyers", "account_id", "user_group_id", \
		"buyer_id") \
	TWO(TOKEN_MODULES, "token modules", "api_token_modules", "account_id", "api_token_id", \
		"module_id") \
	TWO(ACTORS, "actors", "actors", "type", "id", "id") \
	ONE(MODULES, "modules", "modules", "id", "id") \
	ONE(USERS, "users", "users", "id", "id") \
	TWO(BUYERS, "buyers", "buyers", "account_id", "id", "id") \
	TWO(BUYER_ERRORS, "buyer errors", "buyer_errors", "account_id", "buyer_id", "ordinal")

#endif							/* APITOKEN_KEYED_H */
