export { page as GET } from "../../page"
