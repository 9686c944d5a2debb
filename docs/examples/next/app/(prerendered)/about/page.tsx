import Link from "next/link"

export default function About() {
  return (
    <section className="card">
      <h1>How it works</h1>
      <p>
        You write, and your notebook is kept in this browser. Make an account when you want it on your other devices.
      </p>
      <p>
        <Link href="/" prefetch={false}>
          Start writing
        </Link>
      </p>
    </section>
  )
}
