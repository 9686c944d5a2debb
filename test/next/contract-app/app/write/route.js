export { page as GET, page as POST } from "../../page"
