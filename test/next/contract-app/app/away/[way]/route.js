export const GET = () => new Response("a page")
