"""A server made with the official Python SDK of MCP that logs people in by itself, at a port."""

import secrets
import sys
import time

from mcp.server.auth.provider import AccessToken, AuthorizationCode, RefreshToken, construct_redirect_uri
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer

PORT, LIFE = int(sys.argv[1]), 11
HERE = f"http://127.0.0.1:{PORT}"


class Provider:
    """Says yes to everybody; the SDK checks registrations, PKCE, redirects and what tokens are for."""

    def __init__(self):
        self.clients, self.codes, self.refresh, self.access = {}, {}, {}, {}

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client):
        self.clients[client.client_id] = client

    async def authorize(self, client, asked):
        code = secrets.token_urlsafe(32)
        self.codes[code] = AuthorizationCode(
            code=code,
            scopes=asked.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=asked.code_challenge,
            redirect_uri=asked.redirect_uri,
            redirect_uri_provided_explicitly=asked.redirect_uri_provided_explicitly,
            resource=asked.resource,
        )
        return construct_redirect_uri(str(asked.redirect_uri), code=code, state=asked.state)

    async def load_authorization_code(self, client, code):
        return self.codes.get(code)

    async def exchange_authorization_code(self, client, code):
        del self.codes[code.code]
        return self.grant(client, code.scopes, code.resource)

    async def load_refresh_token(self, client, token):
        return self.refresh.get(token)

    async def exchange_refresh_token(self, client, token, scopes):
        # A refresh token counts once.
        del self.refresh[token.token]
        return self.grant(client, scopes, token.resource)

    async def load_access_token(self, token):
        return self.access.get(token)

    async def revoke_token(self, token):
        self.access.pop(token.token, None)

    def grant(self, client, scopes, resource):
        from mcp.shared.auth import OAuthToken

        names = {"client_id": client.client_id, "scopes": scopes, "resource": resource}
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.access[access] = AccessToken(token=access, expires_at=int(time.time()) + LIFE, **names)
        self.refresh[refresh] = RefreshToken(token=refresh, **names)
        return OAuthToken(
            access_token=access, token_type="Bearer", expires_in=LIFE, refresh_token=refresh, scope=" ".join(scopes)
        )


auth = AuthSettings(
    issuer_url=HERE,
    resource_server_url=f"{HERE}/mcp",
    required_scopes=["multiply"],
    validate_token_resource=True,
    client_registration_options=ClientRegistrationOptions(
        enabled=True, valid_scopes=["multiply"], default_scopes=["multiply"]
    ),
)
server = MCPServer("guarded", auth_server_provider=Provider(), auth=auth)


@server.tool()
def multiply(a: int, b: int) -> int:
    """Multiplies two whole numbers."""
    return a * b


server.run("streamable-http", port=PORT)
