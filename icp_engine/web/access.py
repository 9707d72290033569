"""Who may see pages: everybody on this machine where no token is set; otherwise whoever signs in with it."""

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from icp_engine.web.render import Frame, page

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
COOKIE, PATH = "whom_to_call", "/sign-in"
_HOURS = 12
_MAX_BODY = 64_000  # bytes of a form
_NAME = 80  # characters


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in: the name that they gave, and what forms of theirs must carry."""

    author: str
    csrf: str


class SignIn:
    """Cookies that only this server can have made: a name, until when it holds, and a signature over both."""

    def __init__(self, token: str) -> None:
        """Take the token; cookies of a server that was started anew with the same one still hold."""
        self._token = token
        self._key = sha256(b"icp-engine pages\0" + token.encode()).digest()

    def session(self, request: Request) -> Session | None:
        """Return who is signed in; None where nobody is, or the cookie is too old or not ours."""
        parts = request.cookies.get(COOKIE, "").split(".")
        if len(parts) != 3 or not hmac.compare_digest(self._signed(f"{parts[0]}.{parts[1]}"), parts[2]):  # noqa: PLR2004
            return None
        try:
            until, author = int(parts[0]), urlsafe_b64decode(parts[1]).decode()
        except (ValueError, Base64Error):
            return None
        return Session(author, self.csrf(parts[2])) if time.time() < until else None

    def csrf(self, signature: str) -> str:
        """Return what forms of a session must carry."""
        return self._signed(f"csrf {signature}")

    def _signed(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), sha256).hexdigest()

    def redirect(self, request: Request) -> Response:
        """Send somebody who is not signed in to the page where they do that, and afterwards back."""
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{PATH}?{urlencode({'next': asked})}", 303, headers=SECURITY)

    def routes(self) -> list[Route]:
        """Return the addresses for signing in and out."""
        return [
            Route(PATH, self._form, methods=["GET"]),
            Route(PATH, self._signed_in, methods=["POST"]),
            Route("/sign-out", self._signed_out, methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        return _asked(request.query_params.get("next", "/"))

    async def _signed_in(self, request: Request) -> Response:
        given = await form_of(request)
        if not same_site(request):
            return _asked("/", "This form came from another site; sign in here.", 403)
        if not hmac.compare_digest(given.get("token", "").strip().encode(), self._token.encode()):
            return _asked(given.get("next", "/"), "This token is not the right one.", 403)
        until = int(time.time()) + _HOURS * 3600
        author = urlsafe_b64encode(given.get("author", "").strip()[:_NAME].encode()).decode()
        value = f"{until}.{author}"
        answer = RedirectResponse(_local(given.get("next", "/")), 303, headers=SECURITY)
        scheme = request.headers.get("x-forwarded-proto", request.url.scheme)  # of each proxy on the way, ours last
        secure = scheme.partition(",")[0].strip() == "https"
        answer.set_cookie(
            COOKIE,
            f"{value}.{self._signed(value)}",
            max_age=_HOURS * 3600,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return answer

    async def _signed_out(self, request: Request) -> Response:
        answer = RedirectResponse(PATH if same_site(request) else "/", 303, headers=SECURITY)
        if same_site(request):
            answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer


def _asked(following: str, problem: str = "", status: int = 200) -> Response:
    html = page("sign_in", Frame(), following=_local(following), problem=problem)
    return HTMLResponse(html, status, headers=SECURITY | {"Cache-Control": "no-store"})


def _local(address: str) -> str:
    """Return an address of this site; one that leads elsewhere becomes the home page."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and "\\" not in address else "/"


def same_site(request: Request) -> bool:
    """Return whether a form was sent from a page of this site; a browser says so, and a program says nothing."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form; of a field that comes twice the last. One that is too long has none."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    return {name: values[-1] for name, values in fields.items()}
