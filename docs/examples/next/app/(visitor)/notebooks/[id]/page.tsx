import { notFound } from "next/navigation"
import { writeMessage } from "@/app/actions"
import { auth } from "@/auth"
import { Composer } from "@/components/composer"
import { notebooksOf } from "@/database/notebooks"

export default async function Notebook({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const current = await auth()
  const notebooks = current && notebooksOf(current.user.id)
  const notebook = await notebooks?.find(id)
  if (!notebooks || !notebook) notFound()
  return (
    <>
      <h1>{notebook.title}</h1>
      <ol className="messages">
        {(await notebooks.messages(id)).map(({ id, text }) => (
          <li key={id}>{text}</li>
        ))}
      </ol>
      <Composer action={writeMessage.bind(null, id)} label="Write on" />
    </>
  )
}
