"""Django: a request is one transaction, in the name of the API token that it came with.

MIDDLEWARE = [..., "tokens_django.ApiTokenMiddleware"], with ATOMIC_REQUESTS or without:
its transaction, that of a view, is a savepoint inside of this one then.
"""

from django.db import Error, connection, transaction
from django.http import JsonResponse


def refusal(error):
    """Returns the answer to an error of the extension; None to any other."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or ""
    if not state.startswith("PT"):
        return None
    problem = {"title": cause.diag.message_primary, "detail": cause.diag.message_detail}
    return JsonResponse(problem, status=int(state[2:]), content_type="application/problem+json")


class ApiTokenMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        _, _, secret = request.headers.get("Authorization", "").partition(" ")
        try:
            # what COMMIT says of the token is an error of leaving this
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT api.apitoken_authenticate(%s)", [secret])
                response = self.get_response(request)
                # nothing stays of a request that has failed: Django has made an answer of the view's error
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                else:
                    # COMMIT would undo one that has failed and say nothing, whatever the view made of the error
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT")
            return response
        except Error as error:
            answer = refusal(error)
            if answer is None:
                raise
            return answer

    def process_exception(self, _request, exception):
        return refusal(exception) if isinstance(exception, Error) else None
