/* The place beside which this page lies, and the app's addresses with it. */
export const HERE = new URL(location.pathname.replace(/(meeting|manage|ops|days)\/?$/, ""), location.origin);
