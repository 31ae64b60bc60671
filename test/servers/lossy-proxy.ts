/** Stands between Usher and a directory, and from a page on mixes up the cookie that the client sends for the next one. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

const pagedControl = Buffer.from('1.2.840.113556.1.4.319')

export interface LossyProxy {
  url: string
  /** The cookie for this page and those after it is lost on its way; null: none is. */
  loseFrom: number | null
  lost(): number
  stop(): Promise<void>
}

export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let lost = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    let pages = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk: Buffer) => {
      const at = chunk.indexOf(pagedControl)
      if (at >= 0) {
        pages++
        // The control comes last, and its cookie is the last thing in it.
        if (pages > 1 && proxy.loseFrom !== null && pages >= proxy.loseFrom) {
          chunk[chunk.length - 1]! ^= 0xff
          chunk[chunk.length - 2]! ^= 0xff
          lost++
        }
      }
      upstream.write(chunk)
    })
    upstream.pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: LossyProxy = {
    url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseFrom: null,
    lost: () => lost,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
