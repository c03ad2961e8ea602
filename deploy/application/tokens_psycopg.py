"""psycopg: a request is one transaction, in the name of the API token that it came with.

A WSGI middleware around any application, with a pool of psycopg_pool; the application
takes its connection from environ["apitoken.connection"], and neither commits nor keeps
it.
"""

import json

import psycopg
from psycopg.pq import TransactionStatus


def refusal(error):
    """Returns the answer to an error of the extension; raises any other again."""
    state = error.sqlstate or ""
    if not state.startswith("PT"):
        raise error
    problem = {"title": error.diag.message_primary, "detail": error.diag.message_detail}
    return f"{state[2:]} {error.diag.message_primary}", [("Content-Type", "application/problem+json")], json.dumps(problem).encode()


class ApiTokens:
    def __init__(self, application, pool):
        self.application = application
        self.pool = pool

    def __call__(self, environ, start_response):
        _, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        try:
            # the pool commits when this is left, or rolls back for an error
            with self.pool.connection() as connection:
                connection.execute("SELECT api.apitoken_authenticate(%s)", [secret])
                answer = self.respond({**environ, "apitoken.connection": connection})
                if answer[0] >= "4":
                    connection.rollback()
                elif connection.info.transaction_status == TransactionStatus.INERROR:
                    # COMMIT would undo it and say nothing, whatever was made of the error
                    raise psycopg.errors.InFailedSqlTransaction("the transaction has failed")
        except psycopg.Error as error:
            answer = refusal(error)
        # the client is told when it is committed, and not before
        start_response(answer[0], answer[1])
        return [answer[2]]

    def respond(self, environ):
        """Runs the application to its end; returns status, headers and body."""
        started = []
        body = b"".join(self.application(environ, lambda status, headers, exc_info=None: started.append((status, headers))))
        return (*started[-1], body)
