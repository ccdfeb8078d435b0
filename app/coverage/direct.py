"""A route that is asked a thousand times a second: its parameters are read in one step.

An endpoint of such a route takes ``(request, asking, asked)``: who asks, confirmed, and a model of the query.
FastAPI documents it as any other; only the solving of its dependencies, which takes longer than the answer,
is done here.
"""

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from app.standing.asking import confirmed


class Direct(APIRoute):
    """The route class."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        endpoint = self.endpoint
        model: type[BaseModel] = get_type_hints(endpoint)["asked"]

        async def answer(request: Request) -> Response:
            asking = await confirmed(request)
            try:
                said = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
                asked = model.model_validate(dict(said))
            except ValidationError as error:
                faults = [fault | {"loc": ("query", *fault["loc"])} for fault in error.errors()]
                raise RequestValidationError(faults) from error
            response: Response = await endpoint(request, asking, asked)
            return response

        return answer
