// Starts GraphiQL. The headers pane is where the session's token goes; subscriptions take it from there too.
const example = `# 1. Sign in, and copy the token.
mutation SignIn {
  signIn(input: { email: "", password: "" }) {
    session { token expiresAt }
    userErrors { code message }
  }
}

# 2. Put { "Authorization": "Bearer ptr_sess_..." } into the headers pane below, and ask.
query Inbox {
  conversations(first: 20) {
    nodes { id status contact { name maskedPhone } assignee { name } lastMessage { kind body sentAt } unreadCount }
  }
}
`;
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
let authorization;
const subscriptions = graphqlWs.createClient({
  url: `${scheme}//${location.host}/graphql/ws`,
  lazy: true,
  connectionParams: () => (authorization ? { authorization } : {}),
});
const overHttp = GraphiQL.createFetcher({ url: "/graphql", wsClient: subscriptions });
const fetcher = (request, options) => {
  const given = Object.entries((options && options.headers) || {}).find(([name]) => name.toLowerCase() === "authorization");
  authorization = given && given[1];
  return overHttp(request, options);
};
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: example, shouldPersistHeaders: false }),
);
